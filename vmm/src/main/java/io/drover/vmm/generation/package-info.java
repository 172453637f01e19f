/**
 * The VM generation id (Microsoft, "Virtual Machine Generation ID", 2012-08-01): 128 bits by which a guest notices that it goes
 * on from a state that it, or another, has gone on from before, so that it makes new random numbers, addresses and keys.
 */
package io.drover.vmm.generation;
