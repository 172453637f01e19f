/** What a host tells its controllers about its VMs and files. */
package io.drover.agent.observe;
