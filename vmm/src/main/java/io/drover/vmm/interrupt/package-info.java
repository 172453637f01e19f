/** What a device knows of interrupts: a line. */
package io.drover.vmm.interrupt;
