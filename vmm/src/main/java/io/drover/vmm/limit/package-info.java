/** How fast a guest may use a disk or a network. */
package io.drover.vmm.limit;
