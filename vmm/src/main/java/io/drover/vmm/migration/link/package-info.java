/**
 * How the connections of a migration come to be, without a VMM process that can make any: an agent makes them and hands them
 * over a Unix socket on which the VMM listens. Where they are encrypted the agent does that, as it has the keys, and hands
 * over one end of a pair of sockets instead.
 */
package io.drover.vmm.migration.link;
