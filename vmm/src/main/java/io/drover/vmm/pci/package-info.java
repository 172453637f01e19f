/**
 * The PCI bus: configuration by ports and by memory (ECAM), functions with a memory BAR that the guest may move at any time,
 * MSI-X, and interrupt lines for drivers that want no MSI-X. There is one bus, with one function per slot.
 */
package io.drover.vmm.pci;
