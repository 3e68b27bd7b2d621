import {
  changeCustomerBody,
  customerOverviewSchema,
  customerSchema,
  customerSearchQuery,
  customerSummarySchema,
  idSchema,
  mergeCustomerBody,
  type NoticePayloads,
  topics,
} from '@mevrik/protocol';
import { z } from 'zod';
import { changeCustomer } from '../../commands/change-customer.ts';
import { mergeCustomers } from '../../commands/merge-customers.ts';
import { notifier } from '../../live/publisher.ts';
import { requireCustomer } from '../../queries/conversations.ts';
import { customerOverview, searchCustomers } from '../../queries/customers.ts';
import { staffOf, staffRoles } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { assertOwnApp } from './sessions.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

/** The customers: who they are, and that two of them are one. */
export function customerRoutes(dependencies: HttpDeps): RoutePlugin {
  const { database, unitOfWork, apps } = dependencies;
  const notify = notifier(dependencies);

  function tellChange(appId: number, payload: NoticePayloads['customer_changed']): void {
    notify([{ appId, topic: topics.sessions, event: 'customer_changed', payload }]);
  }

  return (api) => {
    api.get(
      '/v1/customers',
      {
        config,
        schema: {
          tags,
          summary: 'Search the customers of an app',
          querystring: customerSearchQuery,
          response: { 200: z.object({ items: z.array(customerSummarySchema) }) },
        },
      },
      async (request) => {
        assertOwnApp(request, request.query.appId);
        return { items: await searchCustomers(database, request.query) };
      },
    );
    api.get(
      '/v1/customers/:id',
      { config, schema: { tags, summary: 'A customer', params, response: { 200: customerSchema } } },
      async (request) => {
        const customer = await requireCustomer(database, request.params.id);
        assertOwnApp(request, customer.appId);
        return customer;
      },
    );
    api.get(
      '/v1/customers/:id/overview',
      {
        config,
        schema: {
          tags,
          summary: 'A customer with contacts, sessions, cases, and who may be the same person',
          params,
          response: { 200: customerOverviewSchema },
        },
      },
      async (request) => {
        const overview = await customerOverview(database, request.params.id);
        assertOwnApp(request, overview.customer.appId);
        return overview;
      },
    );
    api.patch(
      '/v1/customers/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change what is known of a customer',
          params,
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
              authorize: (appId) => assertOwnApp(request, appId),
            }),
          causeOf(request),
        );
        tellChange(customer.appId, { customerId: customer.id });
        return customer;
      },
    );
    api.post(
      '/v1/customers/:id/merge',
      {
        config,
        schema: {
          tags,
          summary: 'Make one customer of two: the other one’s contacts and conversations become this one’s',
          params,
          body: mergeCustomerBody,
          response: { 200: customerSchema },
        },
      },
      async (request) => {
        const { otherId } = request.body;
        const customer = await unitOfWork.run(
          (tx) =>
            mergeCustomers(tx, {
              customerId: request.params.id,
              otherId,
              by: staffOf(request),
              authorize: (appId) => assertOwnApp(request, appId),
            }),
          causeOf(request),
        );
        tellChange(customer.appId, { customerId: customer.id, otherId });
        return customer;
      },
    );
  };
}
