/**
 * The KVM API (Documentation/virt/kvm/api.rst, linux/kvm.h) as it is: one method per ioctl, one class per struct. Knows nothing
 * of machines or devices.
 */
package io.drover.vmm.kvm;
