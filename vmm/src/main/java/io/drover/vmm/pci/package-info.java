/** The PCI bus, as far as a kernel needs one to find that nothing is on it. */
package io.drover.vmm.pci;
