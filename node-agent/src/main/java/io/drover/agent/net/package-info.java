/** What VMs' nics are joined to on this host: bridges, by tap devices, and networks by passt(1). */
package io.drover.agent.net;
