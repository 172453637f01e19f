/** A VM's serial console: one output for many sessions, one input. */
package io.drover.agent.console;
