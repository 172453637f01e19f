/** The VMM process's own log. */
package io.drover.vmm.log;
