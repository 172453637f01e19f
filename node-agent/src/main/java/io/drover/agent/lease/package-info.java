/** How long guests may run without this host being known for certain as their owner, and who tells them. */
package io.drover.agent.lease;
