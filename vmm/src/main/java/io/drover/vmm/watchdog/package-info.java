/** A watchdog that a guest arms and feeds: one that hangs is reset, or switched off, as its operator wants it. */
package io.drover.vmm.watchdog;
