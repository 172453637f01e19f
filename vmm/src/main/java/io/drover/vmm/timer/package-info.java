/** Time for devices: who wakes them up, and how long their guest has been running. */
package io.drover.vmm.timer;
