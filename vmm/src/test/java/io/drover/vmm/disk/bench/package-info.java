/** Programs that measure disks; docs/performance.md says how they are run. */
package io.drover.vmm.disk.bench;
