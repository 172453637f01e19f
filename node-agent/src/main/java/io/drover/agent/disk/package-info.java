/** The disks of the VMs of a host: the files that they are kept in, from the first start of a VM to its removal. */
package io.drover.agent.disk;
