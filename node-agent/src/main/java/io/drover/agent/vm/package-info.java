/** VMs on this host: their states, their start, their recovery after the agent was away. */
package io.drover.agent.vm;
