/** Processes of the host that outlive the agent. */
package io.drover.agent.process;
