/**
 * The part of a VM's record that says which host may run it, with the live migration that may change that: what the
 * controller and the agents of both hosts write into it, each change one compare-and-set. docs/hand-off.md has it drawn.
 */
package io.drover.scheduler.migration;
