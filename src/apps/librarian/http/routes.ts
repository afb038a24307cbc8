import type { Route } from './route.ts';
import { getArtifact, getArtifacts, postApproval, postArtifact, postRejection } from './routes/artifacts.ts';
import { listAudit } from './routes/audit.ts';
import { explainEnvironment, listEnvironments } from './routes/environments.ts';
import { getHealth, getReadiness } from './routes/health.ts';
import { deleteHold, listHolds, postHold } from './routes/holds.ts';
import { getMetrics } from './routes/metrics.ts';
import { postPromotion, postRollback } from './routes/promotions.ts';
import { deleteRunRequest, listRunRequests, postRunRequest } from './routes/run-requests.ts';
import { getForecast, getStatus } from './routes/status.ts';
import { postTick, previewTick } from './routes/tick.ts';

/** Every route but the one that serves their description. A new one is a file and a line here. */
export const ROUTES: readonly Route[] = [
  getHealth,
  getReadiness,
  getMetrics,
  getStatus,
  getForecast,
  previewTick,
  postTick,
  listEnvironments,
  explainEnvironment,
  postPromotion,
  postRollback,
  listHolds,
  postHold,
  deleteHold,
  listRunRequests,
  postRunRequest,
  deleteRunRequest,
  getArtifacts,
  getArtifact,
  postArtifact,
  postRejection,
  postApproval,
  listAudit,
];
