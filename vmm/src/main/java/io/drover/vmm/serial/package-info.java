/** The serial port: a 16550A, which every guest can print to from its first instruction on. */
package io.drover.vmm.serial;
