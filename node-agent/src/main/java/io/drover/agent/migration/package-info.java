/** The network between two hosts, as far as migrations need it. */
package io.drover.agent.migration;
