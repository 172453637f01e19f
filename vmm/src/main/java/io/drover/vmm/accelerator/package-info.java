/**
 * What runs guest code: the seam between a machine and whatever executes its instructions. Devices see its interrupt lines, the
 * machine its CPUs and memory; only the implementations here know of KVM. MSIs and doorbells join it with the devices that use
 * them.
 */
package io.drover.vmm.accelerator;
