/**
 * What runs guest code: the seam between a machine and whatever executes its instructions. Devices see its interrupt lines,
 * message interrupts and doorbells, the machine its CPUs and memory; only the implementations here know of KVM.
 */
package io.drover.vmm.accelerator;
