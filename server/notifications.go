package server

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"fairlot/engine"
	fairlotv1 "fairlot/gen/fairlot/v1"
	"fairlot/store"
)

type notifications struct {
	fairlotv1.UnimplementedNotificationServiceServer
	engine *engine.Engine
}

func (s *notifications) ListNotifications(ctx context.Context, req *fairlotv1.ListNotificationsRequest) (*fairlotv1.ListNotificationsResponse, error) {
	id, n, err := drawName(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	all, err := s.engine.Notifications(ctx, id, n)
	if err != nil {
		return nil, err
	}
	out := &fairlotv1.ListNotificationsResponse{}
	for _, x := range all {
		out.Notifications = append(out.Notifications, notificationTo(x))
	}
	return out, nil
}

func (s *notifications) ReportNotification(ctx context.Context, req *fairlotv1.ReportNotificationRequest) (*fairlotv1.Notification, error) {
	id, n, err := drawName(ctx, s.engine, req.Parent)
	if err != nil {
		return nil, err
	}
	x, err := s.engine.ReportNotification(ctx, id, n, int(req.Stratum), req.Rank, store.NotificationState(req.From), store.NotificationState(req.To))
	if err != nil {
		return nil, err
	}
	return notificationTo(x), nil
}

func notificationTo(x store.Notification) *fairlotv1.Notification {
	return &fairlotv1.Notification{
		Stratum: int32(x.Stratum), Rank: x.Rank, State: fairlotv1.NotificationState(x.State), Attempts: int32(x.Attempts), UpdateTime: timestamppb.New(x.Updated),
	}
}
