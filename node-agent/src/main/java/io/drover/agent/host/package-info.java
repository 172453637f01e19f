/** What the machine itself is. */
package io.drover.agent.host;
