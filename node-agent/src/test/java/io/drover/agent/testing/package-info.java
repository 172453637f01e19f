/** What the agent's tests share. */
package io.drover.agent.testing;
