/** A whole machine: what it is made of, and its life from the first instruction to its one end. */
package io.drover.vmm.machine;
