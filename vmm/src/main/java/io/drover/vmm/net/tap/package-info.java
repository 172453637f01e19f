/** A tap device of the host's (tun(4), linux/if_tun.h), which the operator has made and joined to a bridge, or routes to. */
package io.drover.vmm.net.tap;
