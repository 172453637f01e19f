/** How fast a guest may use a disk. */
package io.drover.vmm.disk.limit;
