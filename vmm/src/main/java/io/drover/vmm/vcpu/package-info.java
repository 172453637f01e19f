/** The threads that run a guest's CPUs, and how all of them are stopped and let go together. */
package io.drover.vmm.vcpu;
