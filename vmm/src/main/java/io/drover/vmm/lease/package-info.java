/**
 * How long a guest may run without hearing that its host is still the owner: the state of the lease as a pure function, and the
 * thread that notices its end whatever else of the process hangs.
 */
package io.drover.vmm.lease;
