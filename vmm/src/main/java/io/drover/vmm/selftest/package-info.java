/** Whether this host can run guests, found out by running one. */
package io.drover.vmm.selftest;
