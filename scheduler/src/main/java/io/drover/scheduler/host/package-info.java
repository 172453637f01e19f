/** A host as the scheduler sees it. */
package io.drover.scheduler.host;
