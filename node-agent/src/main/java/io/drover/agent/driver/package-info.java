/** How machines are run: the seam between the agent and the programs that run guests. */
package io.drover.agent.driver;
