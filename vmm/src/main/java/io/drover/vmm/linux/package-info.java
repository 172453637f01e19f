/**
 * The few Linux system calls that the VMM needs and the JDK does not offer, by java.lang.foreign. Nothing outside this package
 * and the KVM binding sees a file descriptor or an address.
 */
package io.drover.vmm.linux;
