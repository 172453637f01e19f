/** The guest's serial console on this side of the wire: what it printed is kept, logged and given to who is attached. */
package io.drover.vmm.console;
