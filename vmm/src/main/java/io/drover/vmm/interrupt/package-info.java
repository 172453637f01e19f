/** What a device knows of interrupts: a line, or a message. */
package io.drover.vmm.interrupt;
