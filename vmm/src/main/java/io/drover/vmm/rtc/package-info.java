/** The battery-backed clock and memory of a PC. */
package io.drover.vmm.rtc;
