/** Folders and files of VMs on a host: durable state, logs. */
package io.drover.agent.folder;
