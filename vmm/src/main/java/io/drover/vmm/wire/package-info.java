/** How messages of drover.vmm.v1 are cut out of a byte stream. */
package io.drover.vmm.wire;
