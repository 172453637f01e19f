/** What a machine is saved as, and what is refused when it is read again. */
package io.drover.vmm.state;
