/** The guest's physical memory as the VMM sees it: every access from outside a vCPU goes through here, checked. */
package io.drover.vmm.memory;
