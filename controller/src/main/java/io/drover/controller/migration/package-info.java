/** Live migrations as users ask for them and follow them: drover.v1.MigrationService. */
package io.drover.controller.migration;
