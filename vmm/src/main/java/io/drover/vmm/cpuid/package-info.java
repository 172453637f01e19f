/** What a guest's CPUID instruction answers. */
package io.drover.vmm.cpuid;
