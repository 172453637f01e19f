/** Why an agent does not do what it was asked. */
package io.drover.agent.refusal;
