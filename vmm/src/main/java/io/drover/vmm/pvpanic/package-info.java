/** pvpanic: how a guest's kernel says that it has given up (qemu, docs/specs/pvpanic.rst). */
package io.drover.vmm.pvpanic;
