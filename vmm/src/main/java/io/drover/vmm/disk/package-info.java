/**
 * Contents of disks: what is behind a guest's block device, whatever file and format it is kept in. Nothing here knows a
 * guest, a queue or a device.
 */
package io.drover.vmm.disk;
