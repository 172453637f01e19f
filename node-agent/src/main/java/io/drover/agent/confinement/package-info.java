/** What keeps the process of a machine from everything on the host but its own. */
package io.drover.agent.confinement;
