/** Image files of the host as disks: named, locked, opened in their format, one on top of another. */
package io.drover.vmm.disk.image;
