import {
  changeCustomerBody,
  customerOverviewSchema,
  customerSchema,
  customerSearchQuery,
  customerSummarySchema,
  itemsOf,
  mergeCustomerBody,
  type NoticePayloads,
} from '@mevrik/protocol';
import { changeCustomer } from '../../commands/change-customer.ts';
import { mergeCustomers } from '../../commands/merge-customers.ts';
import { customerChanged } from '../../live/customer-changed.ts';
import { requireCustomer } from '../../queries/conversations.ts';
import { customerOverview, searchCustomers } from '../../queries/customers.ts';
import { staffOf, staffRoles } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { requestCause } from '../request-cause.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** Searching, reading, changing and merging customers. */
export function customerRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addReadRoutes(api, deps);
    addChangeRoute(api, deps);
    addMergeRoute(api, deps);
  };
}

/** Notifies those who see a customer that the customer changed. */
function changeNotifier(deps: HttpDeps) {
  return (appId: number, payload: NoticePayloads['customer_changed']) =>
    deps.notify(customerChanged(appId, payload));
}

function addReadRoutes(api: Api, { database }: HttpDeps): void {
  api.get(
    '/v1/customers',
    {
      config,
      schema: {
        tags,
        summary: 'Search the customers of an app',
        querystring: customerSearchQuery,
        response: { 200: itemsOf(customerSummarySchema) },
      },
    },
    async (request) => {
      assertAppAccess(request, request.query.appId);
      return { items: await searchCustomers(database, request.query) };
    },
  );
  api.get(
    '/v1/customers/:id',
    {
      config,
      schema: { tags, summary: 'Get a customer', params: idParams, response: { 200: customerSchema } },
    },
    async (request) => {
      const customer = await requireCustomer(database, request.params.id);
      assertAppAccess(request, customer.appId);
      return customer;
    },
  );
  api.get(
    '/v1/customers/:id/overview',
    {
      config,
      schema: {
        tags,
        summary: 'Get a customer with contacts, sessions, cases and possible duplicates',
        params: idParams,
        response: { 200: customerOverviewSchema },
      },
    },
    async (request) => {
      const overview = await customerOverview(database, request.params.id);
      assertAppAccess(request, overview.customer.appId);
      return overview;
    },
  );
}

function addChangeRoute(api: Api, deps: HttpDeps): void {
  const { unitOfWork, apps } = deps;
  const notifyChange = changeNotifier(deps);
  api.patch(
    '/v1/customers/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change a customer',
        params: idParams,
        body: changeCustomerBody,
        response: { 200: customerSchema },
      },
    },
    async (request) => {
      const customer = await unitOfWork.run(
        (tx) =>
          changeCustomer(tx, {
            customerId: request.params.id,
            change: request.body,
            by: staffOf(request),
            apps,
            authorize: (appId) => assertAppAccess(request, appId),
          }),
        requestCause(request),
      );
      notifyChange(customer.appId, { customerId: customer.id });
      return customer;
    },
  );
}

function addMergeRoute(api: Api, deps: HttpDeps): void {
  const notifyChange = changeNotifier(deps);
  api.post(
    '/v1/customers/:id/merge',
    {
      config,
      schema: {
        tags,
        summary: 'Merge another customer into this one, with their contacts and conversations',
        params: idParams,
        body: mergeCustomerBody,
        response: { 200: customerSchema },
      },
    },
    async (request) => {
      const { otherId } = request.body;
      const customer = await deps.unitOfWork.run(
        (tx) =>
          mergeCustomers(tx, {
            customerId: request.params.id,
            otherId,
            by: staffOf(request),
            authorize: (appId) => assertAppAccess(request, appId),
          }),
        requestCause(request),
      );
      notifyChange(customer.appId, { customerId: customer.id, otherId });
      return customer;
    },
  );
}
