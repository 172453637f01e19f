/** How a guest's access to a port or to an address outside RAM finds the device that answers it. */
package io.drover.vmm.bus;
