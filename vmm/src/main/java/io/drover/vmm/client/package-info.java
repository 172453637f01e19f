/** What an agent needs of a VMM: how to start its process, talk to it and read what it left. */
package io.drover.vmm.client;
